// Brings one image for each run into lane order: bytes of many images become lanes of one.
#pragma once

#include <algorithm>
#include <array>
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

// How one run sees an image: `engines/augmentation.py` defines and draws it. The cosine and sine of a rotation are in
// 2^-14, factors in 2^-12.
struct View {
  int16_t mirrored = 0, down = 0, right = 0;
  int16_t cosine = 1 << 14, sine = 0;
  int16_t top = 0, left = 0, side = 0;
  int16_t brightness = 1 << 12, contrast = 1 << 12;
};

namespace detail {

// What becomes of each byte.
using Tones = std::array<uint8_t, 256>;

inline Tones tones(const View& view) {
  Tones tones;
  const int gain = (view.brightness * view.contrast) >> 12, offset = 128 * ((1 << 12) - view.contrast) + (1 << 11);
  for (int byte = 0; byte < 256; ++byte)
    tones[static_cast<size_t>(byte)] = static_cast<uint8_t>(std::clamp((byte * gain + offset) >> 12, 0, 255));
  return tones;
}

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
      : shape_(shape), length_(shape.width * shape.channels), interleaved_(length_), seen_(length_ * kWidth) {}

  // `index[lane]` names the image that each lane sees; `views`, if any, says how.
  void gather(const Pixels& pixels, const int64_t* index, const View* views, const Map& out) {
    const uint8_t* rows[kWidth];
    if (views)
      for (int lane = 0; lane < kWidth; ++lane) tones_[lane] = detail::tones(views[lane]);
    for (int y = 0; y < shape_.height; ++y) {
      for (int lane = 0; lane < kWidth; ++lane) {
        const uint8_t* image = pixels.bytes + static_cast<size_t>(index[lane]) * shape_.values();
        rows[lane] = views ? seen_row(image, views[lane], y, lane) : image + static_cast<size_t>(y) * length_;
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
  // What is black stays so: tones are of pixels that are there.
  const uint8_t* seen_row(const uint8_t* image, const View& view, int y, int lane) {
    uint8_t* row = seen_.data() + static_cast<size_t>(lane) * length_;
    std::memset(row, 0, length_);
    const int source_y = y + view.down, width = shape_.width;
    if (source_y < 0 || source_y >= shape_.height) return row;
    const int first = std::max(0, -view.right), last = std::min(width, width - view.right);
    if (shape_.channels == 3)
      copy<3>(image, view, source_y, first, last, tones_[lane], row);
    else
      copy<0>(image, view, source_y, first, last, tones_[lane], row);
    if (y >= view.top && y < view.top + view.side) {
      const int left = std::max<int>(0, view.left), right = std::min(width, view.left + view.side);
      if (left < right) std::memset(row + left * shape_.channels, 0, static_cast<size_t>(right - left) * shape_.channels);
    }
    return row;
  }

  // Columns `first` to before `last` of a row whose pixels come from row `y`, but for a rotation.
  template <int kChannels>
  void copy(const uint8_t* image, const View& view, int y, int first, int last, const detail::Tones& tones, uint8_t* row) const {
    const int width = shape_.width, height = shape_.height, channels = kChannels > 0 ? kChannels : shape_.channels;
    const auto put = [&](int x, int source_y, int source_x) {
      const uint8_t* source =
          image + static_cast<size_t>(source_y) * length_ + (view.mirrored ? width - 1 - source_x : source_x) * channels;
      for (int c = 0; c < channels; ++c) row[x * channels + c] = tones[source[c]];
    };
    if (view.sine == 0 && view.cosine == 1 << 14) {
      for (int x = first; x < last; ++x) put(x, y, x + view.right);
      return;
    }
    const int along = 2 * y - (height - 1), across = 2 * (first + view.right) - (width - 1);
    int sum_x = view.cosine * across + view.sine * along + (width << 14);
    int sum_y = view.cosine * along - view.sine * across + (height << 14);
    for (int x = first; x < last; ++x, sum_x += 2 * view.cosine, sum_y -= 2 * view.sine) {
      const int source_x = sum_x >> 15, source_y = sum_y >> 15;
      if (source_x >= 0 && source_x < width && source_y >= 0 && source_y < height) put(x, source_y, source_x);
    }
  }

  Shape shape_;
  size_t length_;
  std::vector<Bytes> interleaved_;
  std::vector<uint8_t> seen_;
  detail::Tones tones_[kWidth];
};

}  // namespace ceteris
