"""Several machines on one network, each a set of namespaces, with real brokers and one shared folder."""
