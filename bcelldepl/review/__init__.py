"""The review page: tubes looked at, gates moved, verdicts given and signed, in the browser of this machine."""
