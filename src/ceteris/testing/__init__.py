"""For whoever writes an engine or an executor: suites of what each must do, and a small study to try them on."""
