"""taktora's own variants, each shaped like the hand-written loop or the peer that it stands beside."""
