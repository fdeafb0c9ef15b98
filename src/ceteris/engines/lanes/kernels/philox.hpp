// Philox4x32-10 (Salmon et al. 2011): random words looked up by counter, one key per lane.
// The twin of streams.py, which documents the streams; both are tested against the published known answers.
#pragma once

#include "vector.hpp"

namespace ceteris {

struct Key {
  Words low, high;
};

struct Block {
  Words word[4];
};

// Word i of a stream at one epoch and position is word i % 4 of block i / 4.
inline Block random_block(Key key, uint32_t block, uint32_t position, uint32_t epoch) {
  Words c0 = broadcast(block), c1 = broadcast(position), c2 = broadcast(epoch), c3{};
  for (int round = 0; round < 10; ++round) {
    const Product first = multiply_wide(c0, 0xD2511F53u), second = multiply_wide(c2, 0xCD9E8D57u);
    c0 = second.high ^ c1 ^ key.low;
    c1 = second.low;
    c2 = first.high ^ c3 ^ key.high;
    c3 = first.low;
    key.low += 0x9E3779B9u;
    key.high += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace ceteris
