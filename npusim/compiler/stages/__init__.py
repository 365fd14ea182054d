"""What the compiler does one after another, each step of the way in a module: place, rewrite, group, lay out."""
