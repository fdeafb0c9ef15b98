// Where the numbers of a minibatch live. Layout of one image: [row][channel][column][lane].
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "vector.hpp"

namespace ceteris {

struct Shape {
  int height, width, channels;
  size_t values() const { return static_cast<size_t>(height) * width * channels; }
};

// Zeroed memory for many Lanes, aligned to a cache line; large ones in pages of 2 MiB where the system lends them.
// That was worth 2 to 3 % on two cores of an Intel Xeon with AVX-512 (baseline, batch 32; two pairs of three rounds).
class Storage {
 public:
  Storage() = default;
  explicit Storage(size_t count) : count_(count) {
    if (count == 0) return;
    size_t bytes = count * sizeof(Lanes);
    // Also for less than a page: from 128 KiB on, small pages cost more in address translation than in memory.
    const size_t alignment = bytes >= kHugePage / 16 ? kHugePage : 64;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    values_.reset(static_cast<Lanes*>(std::aligned_alloc(alignment, bytes)));
    if (!values_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (alignment == kHugePage) madvise(values_.get(), bytes, MADV_HUGEPAGE);  // a wish: refused, all works as before
#endif
    clear();
  }
  void clear() { std::memset(static_cast<void*>(values_.get()), 0, count_ * sizeof(Lanes)); }
  Lanes* get() const { return values_.get(); }
  size_t size() const { return count_; }

 private:
  static constexpr size_t kHugePage = size_t{2} << 20;

  struct Free {
    void operator()(Lanes* values) const { std::free(values); }
  };
  std::unique_ptr<Lanes[], Free> values_;
  size_t count_ = 0;
};

// One image seen in place, possibly inside a border of zeros.
struct Map {
  Lanes* origin = nullptr;
  Shape shape{};
  ptrdiff_t row_stride = 0, channel_stride = 0;

  Lanes* row(int y, int channel) const { return origin + y * row_stride + channel * channel_stride; }

  // The same image with `border` more pixels of its frame on each side.
  Map grown(int border) const {
    Map map = *this;
    map.origin -= border * row_stride + border;
    map.shape.height += 2 * border;
    map.shape.width += 2 * border;
    return map;
  }
};

// The values between two layers: of every image of a group where the backward pass or a layer that takes many images
// needs them, otherwise of one image or a few at a time, in memory that stays in the cache.
class Boundary {
 public:
  Boundary() = default;
  // Where values are not kept there is room for `at_once` images.
  Boundary(Shape shape, int border, int images, bool kept, int at_once = 1)
      : shape_(shape), border_(border), at_once_(kept ? images : at_once), kept_(kept) {
    const int width = shape.width + 2 * border;
    row_stride_ = static_cast<ptrdiff_t>(width) * shape.channels;
    image_stride_ = row_stride_ * (shape.height + 2 * border);
    size_ = static_cast<size_t>(image_stride_) * at_once_;
  }

  // Lanes that it needs, and where they are; the frame must be zero.
  size_t size() const { return size_; }
  void place(Lanes* memory) { memory_ = memory; }

  Map image(int index) const {
    const ptrdiff_t width = shape_.width + 2 * border_;
    return {flat(index) + border_ * row_stride_ + border_, shape_, row_stride_, width};
  }
  // All values of one image in a row; only without a border.
  Lanes* flat(int index) const { return memory_ + place(index) * image_stride_; }
  // How far one image lies from another.
  ptrdiff_t between(int from, int to) const { return (place(to) - place(from)) * image_stride_; }
  // The same, for who adds to what is there.
  Boundary added() const {
    Boundary boundary = *this;
    boundary.adds_ = true;
    return boundary;
  }
  bool adds() const { return adds_; }
  Shape shape() const { return shape_; }
  int border() const { return border_; }
  bool exists() const { return memory_ != nullptr; }

 private:
  int place(int index) const { return kept_ ? index : index % at_once_; }

  Shape shape_{};
  int border_ = 0, at_once_ = 1;
  bool kept_ = true, adds_ = false;
  size_t size_ = 0;
  ptrdiff_t row_stride_ = 0, image_stride_ = 0;
  Lanes* memory_ = nullptr;
};

}  // namespace ceteris
