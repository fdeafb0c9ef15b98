"""Who may do what in a folder that processes and machines share."""
