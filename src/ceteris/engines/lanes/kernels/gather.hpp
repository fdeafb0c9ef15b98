// Brings one image for each run into lane order: bytes of many images become lanes of one.
#pragma once

#include <vector>

#include "map.hpp"

namespace ceteris {

// Images of equal size as they lie in memory: [image][row][column][channel], one byte each. A pixel's value is
// byte * scale[channel] + offset[channel], rounded once.
struct Pixels {
  const uint8_t* bytes;
  Shape shape;
  const float *scale, *offset;
};

// How one run sees an image: mirrored left to right first, then moved; what moves in is 0.
struct Shift {
  int8_t mirrored, down, right;
};

namespace detail {

using Sixteen = uint8_t __attribute__((vector_size(16)));

inline Sixteen load(const uint8_t* bytes) {
  Sixteen value;
  std::memcpy(&value, bytes, 16);
  return value;
}

// Transposes sixteen rows of sixteen bytes: four rounds, each interleaving row i with row i + 8.
inline void transpose(Sixteen* rows) {
  for (int round = 0; round < 4; ++round) {
    Sixteen next[16];
    for (int i = 0; i < 8; ++i) {
      const Sixteen a = rows[i], b = rows[i + 8];
      next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int i = 0; i < 16; ++i) rows[i] = next[i];
  }
}

}  // namespace detail

// Interleaves one row of `length` bytes of each lane: out[i] holds byte i of every lane.
inline void interleave(const uint8_t* const* rows, int length, Bytes* out) {
  int i = 0;
  for (; i + 16 <= length; i += 16) {
    detail::Sixteen block[16] = {};
    for (int lane = 0; lane < kWidth; ++lane) block[lane] = detail::load(rows[lane] + i);
    detail::transpose(block);
    for (int byte = 0; byte < 16; ++byte) std::memcpy(&out[i + byte], &block[byte], kWidth);
  }
  for (; i < length; ++i)
    for (int lane = 0; lane < kWidth; ++lane) out[i][lane] = rows[lane][i];
}

class Gatherer {
 public:
  explicit Gatherer(Shape shape)
      : shape_(shape), length_(shape.width * shape.channels), interleaved_(length_), moved_(length_ * kWidth) {}

  // `index[lane]` names the image that each lane sees; `shifts`, if any, says how.
  void gather(const Pixels& pixels, const int64_t* index, const Shift* shifts, const Map& out) {
    const uint8_t* rows[kWidth];
    for (int y = 0; y < shape_.height; ++y) {
      for (int lane = 0; lane < kWidth; ++lane) {
        const uint8_t* image = pixels.bytes + static_cast<size_t>(index[lane]) * shape_.values();
        rows[lane] = shifts ? moved_row(image, shifts[lane], y, lane) : image + static_cast<size_t>(y) * length_;
      }
      interleave(rows, static_cast<int>(length_), interleaved_.data());
      for (int c = 0; c < shape_.channels; ++c) {
        const Lanes scale = broadcast(pixels.scale[c]), offset = broadcast(pixels.offset[c]);
        Lanes* target = out.row(y, c);
        for (int x = 0; x < shape_.width; ++x)
          target[x] =
              multiply_add(to_lanes(to_integers(interleaved_[static_cast<size_t>(x) * shape_.channels + c])), scale, offset);
      }
    }
  }

 private:
  const uint8_t* moved_row(const uint8_t* image, Shift shift, int y, int lane) {
    uint8_t* row = moved_.data() + static_cast<size_t>(lane) * length_;
    const int source_y = y + shift.down, channels = shape_.channels, width = shape_.width;
    std::memset(row, 0, length_);
    if (source_y < 0 || source_y >= shape_.height) return row;
    const uint8_t* source = image + static_cast<size_t>(source_y) * length_;
    for (int x = 0; x < width; ++x) {
      const int moved = x + shift.right;
      if (moved < 0 || moved >= width) continue;
      std::memcpy(row + x * channels, source + (shift.mirrored ? width - 1 - moved : moved) * channels, channels);
    }
    return row;
  }

  Shape shape_;
  size_t length_;
  std::vector<Bytes> interleaved_;
  std::vector<uint8_t> moved_;
};

}  // namespace ceteris
