"""One model of the study's cells: learned once from samples of all tubes, named by lineage, and fitted to each tube."""
