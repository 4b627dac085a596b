"""The commands: words in, calls to the rooms, words out; one file per command, no logic."""
