"""Results that other software wrote: tables, experiment trackers, event files. Each becomes `ImportedRuns`."""
