"""What the process does for the rooms above: compiled code kept, threads, memory, the garbage collector."""
