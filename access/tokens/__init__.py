"""JSON web tokens: ours, and those of the issuers that we trust. Nothing here knows about accounts."""
