"""How results are shown: pictures, tables and pages."""
