//! What kind of file an executable is, for which machine, and whether it can be packed.
