"""What-ifs: one file a question in `questions/`, found the moment the file exists; the frame they share."""
