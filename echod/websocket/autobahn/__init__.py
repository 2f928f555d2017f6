"""Every name of Autobahn that echod uses, declared with its type, and the functions that use the undocumented ones."""
