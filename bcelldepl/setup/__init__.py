"""A study before it is run: begun from a folder of files (`init`), and checked (`check`)."""
