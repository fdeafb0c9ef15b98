"""What reports and commands say, as JSON for programs; each kind of document has a published schema and a version."""
