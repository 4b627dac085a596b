"""CDISC data sets of a study: SDTM and ADaM tables, and the files that carry them."""
