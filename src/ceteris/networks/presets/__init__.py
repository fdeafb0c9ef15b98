"""Published networks by name, which expand into layers when a study is read: a file for each."""
