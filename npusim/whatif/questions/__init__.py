"""The questions, one file each; the file's name is the question's."""
