"""The sections of a report, one file each: sentences, table and figures. `report.py` lists them in order."""
