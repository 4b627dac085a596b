"""One tube of a study: opened, gated again as it was counted, and with the gates that were set by hand."""
