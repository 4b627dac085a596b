"""Gates to and from other programs: Gating-ML, FlowJo workspaces, and the events of single populations."""
