// The Python face of a bank. Compiled once per instruction set, under the name in CETERIS_MODULE.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include "bank.hpp"

namespace nb = nanobind;
using namespace ceteris;

namespace {

template <typename Scalar, size_t Rank>
using Input = nb::ndarray<const Scalar, nb::ndim<Rank>, nb::c_contig, nb::device::cpu>;
template <size_t Rank>
using Output = nb::ndarray<nb::numpy, float, nb::ndim<Rank>>;
using Sums = std::vector<std::tuple<double, int64_t>>;

void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

Sums sums_of(const std::vector<Totals>& totals) {
  Sums sums;
  for (const Totals& total : totals) sums.emplace_back(total.loss, total.correct);
  return sums;
}

// Calls `body` with a function that finds one kind of array in a network.
template <typename Body>
auto with_kind(const std::string& kind, Body body) {
  if (kind == "weights") return body([](Network& network) -> Storage& { return network.parameters(); });
  if (kind == "statistics") return body([](Network& network) -> Storage& { return network.statistics(); });
  if (kind == "averages") return body([](Network& network) -> Storage& { return network.averages(); });
  if (kind == "averaged_statistics") return body([](Network& network) -> Storage& { return network.averaged_statistics(); });
  if (kind == "first_moments") return body([](Network& network) -> Storage& { return network.moments().first; });
  if (kind == "second_moments") return body([](Network& network) -> Storage& { return network.moments().second; });
  throw std::invalid_argument("unknown kind of array");
}

Pixels pixels_of(const Input<uint8_t, 4>& images, const Input<float, 1>& scale, const Input<float, 1>& offset) {
  const Shape shape{static_cast<int>(images.shape(1)), static_cast<int>(images.shape(2)), static_cast<int>(images.shape(3))};
  require(scale.shape(0) == images.shape(3) && offset.shape(0) == images.shape(3), "one scale and offset per channel");
  return {images.data(), shape, scale.data(), offset.data()};
}

void require_labels(const Input<uint8_t, 4>& images, const Input<int32_t, 1>& labels, int classes) {
  require(labels.shape(0) == images.shape(0), "one label per image");
  for (size_t i = 0; i < labels.shape(0); ++i)
    require(labels.data()[i] >= 0 && labels.data()[i] < classes, "labels below the number of classes");
}

template <size_t Rank>
Output<Rank> new_array(const size_t (&shape)[Rank]) {
  size_t count = 1;
  for (size_t side : shape) count *= side;
  float* values = new float[count]();
  nb::capsule owner(values, [](void* memory) noexcept { delete[] static_cast<float*>(memory); });
  return Output<Rank>(values, Rank, shape, owner);
}

Sums train(Bank& bank, Input<uint8_t, 4> images, Input<int32_t, 1> labels, Input<float, 1> scale, Input<float, 1> offset,
           Input<int32_t, 2> order, std::optional<Input<int16_t, 3>> views, Input<double, 2> factors, uint32_t epoch,
           int64_t first_step, int64_t steps) {
  const auto runs = static_cast<size_t>(bank.runs());
  require(order.shape(0) == runs, "one order per run");
  require_labels(images, labels, bank.classes());
  for (size_t i = 0; i < order.size(); ++i)
    require(order.data()[i] >= 0 && static_cast<size_t>(order.data()[i]) < images.shape(0), "an order of the images");
  if (views) require(views->shape(0) == runs && views->shape(1) == order.shape(1) && views->shape(2) == 10, "a view per place");
  const auto batch_size = static_cast<size_t>(bank.batch_size());
  require(factors.shape(0) == runs && factors.shape(1) == (order.shape(1) + batch_size - 1) / batch_size, "a factor per step");
  static_assert(sizeof(View) == 10 * sizeof(int16_t));
  const auto* seen = views ? reinterpret_cast<const View*>(views->data()) : nullptr;
  const Epoch work{pixels_of(images, scale, offset),     labels.data(), order.data(), seen, factors.data(),
                   static_cast<int64_t>(order.shape(1)), epoch};
  const nb::gil_scoped_release release;
  return sums_of(bank.train(work, first_step, steps));
}

Sums score(Bank& bank, Input<uint8_t, 4> images, Input<int32_t, 1> labels, Input<float, 1> scale, Input<float, 1> offset,
           float* probabilities) {
  require_labels(images, labels, bank.classes());
  const Pixels pixels = pixels_of(images, scale, offset);
  const nb::gil_scoped_release release;
  return sums_of(bank.score(pixels, labels.data(), static_cast<int64_t>(images.shape(0)), probabilities));
}

// Each image as its view says that it is seen: a lane at a time has an image, and the others those after it.
nb::ndarray<nb::numpy, uint8_t, nb::ndim<4>> seen_images(Input<uint8_t, 4> images, Input<int16_t, 2> views) {
  const Shape shape{static_cast<int>(images.shape(1)), static_cast<int>(images.shape(2)), static_cast<int>(images.shape(3))};
  const auto count = static_cast<int64_t>(images.shape(0));
  require(views.shape(0) == images.shape(0) && views.shape(1) == 10 && count > 0, "a view per image");
  const std::vector<float> scale(images.shape(3), 1.0f), offset(images.shape(3), 0.0f);
  auto* bytes = new uint8_t[images.size()];
  nb::capsule owner(bytes, [](void* memory) noexcept { delete[] static_cast<uint8_t*>(memory); });
  Gatherer gatherer(shape);
  const Storage memory(shape.values());
  Boundary room(shape, 0, 1, true);
  room.place(memory.get());
  const auto* all = reinterpret_cast<const View*>(views.data());
  for (int64_t first = 0; first < count; first += kWidth) {
    int64_t index[kWidth];
    View seen[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) seen[lane] = all[index[lane] = std::min(first + lane, count - 1)];
    const Map map = room.image(0);
    gatherer.gather({images.data(), shape, scale.data(), offset.data()}, index, seen, map);
    for (int lane = 0; lane < kWidth; ++lane)
      for (int y = 0; y < shape.height; ++y)
        for (int x = 0; x < shape.width; ++x)
          for (int c = 0; c < shape.channels; ++c)
            bytes[((index[lane] * shape.height + y) * shape.width + x) * shape.channels + c] =
                static_cast<uint8_t>(map.row(y, c)[x][lane]);
  }
  const size_t sides[] = {images.shape(0), images.shape(1), images.shape(2), images.shape(3)};
  return {bytes, 4, sides, owner};
}

// The floating-point operations a second that one core can do at most: twelve chains of multiply-adds, each long enough
// to hide its latency behind the others; the best of twenty rounds of about ten milliseconds.
double fma_peak() {
  const nb::gil_scoped_release release;
  constexpr int kChains = 12, kLinks = 1000000;
  double best = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    Lanes chain[kChains];
    each<kChains>([&](auto i) { chain[i] = broadcast(1.0f + static_cast<float>(i)); });
    const Lanes factor = held(broadcast(0.999f)), term = held(broadcast(0.001f));
    const auto start = std::chrono::steady_clock::now();
    for (int link = 0; link < kLinks; ++link) each<kChains>([&](auto i) { chain[i] = held(multiply_add(chain[i], factor, term)); });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Lanes sum{};
    each<kChains>([&](auto i) { sum += chain[i]; });
    volatile float kept = sum[0];  // or the compiler would leave the work out
    static_cast<void>(kept);
    best = std::max(best, 2.0 * kWidth * kChains * kLinks / seconds);
  }
  return best;
}

}  // namespace

NB_MODULE(CETERIS_MODULE, module) {
  module.attr("width") = kWidth;
  module.attr("fused") = kFused;
  module.attr("bank_size") = kBankSize;
  module.def("fma_peak", &fma_peak);
  module.def("layer_kinds", [] {
    nb::dict found;
    for (const auto& [key, kind] : kinds())
      found[key.c_str()] = nb::make_tuple(kind.settings, kind.per_run, kind.choices, kind.largest);
    return found;
  });
  module.def("other_settings", [] { return kOtherSettings; });
  module.def("optimizers", [] {
    nb::dict found;
    for (const auto& [key, kind] : optimizers()) found[key.c_str()] = nb::make_tuple(kind.settings, kind.per_run);
    return found;
  });
  // Single functions, for the tests.
  module.def("apply", [](const std::string& name, Input<float, 1> input) {
    using Function = Lanes (*)(Lanes);
    static const std::map<std::string, Function> functions{
        {"exp", exponential},         {"expm1", exponential_less_one}, {"log", logarithm}, {"log1p", logarithm_of_one_and},
        {"tanh", hyperbolic_tangent}, {"erf", error_function},         {"expit", sigmoid}};
    const Function function = functions.at(name);
    Output<1> output = new_array<1>({input.shape(0)});
    for (size_t i = 0; i < input.shape(0); ++i) output.data()[i] = function(broadcast(input.data()[i]))[0];
    return output;
  });
  module.def("seen", &seen_images);

  nb::class_<Bank>(module, "Bank")
      .def(
          "__init__",
          [](Bank* bank, std::tuple<int, int, int> image, int runs, int batch_size) {
            require(runs >= 1 && runs <= kBankSize, "1 to 16 runs");
            require(batch_size >= 1, "at least one image per minibatch");
            new (bank) Bank(Shape{std::get<0>(image), std::get<1>(image), std::get<2>(image)}, runs, batch_size);
          },
          nb::arg("image"), nb::arg("runs"), nb::arg("batch_size"))
      .def("add",
           [](Bank& bank, const std::string& kind, const std::vector<LayerSettings>& runs) {
             require(runs.size() == static_cast<size_t>(bank.runs()), "settings for each run");
             bank.add(kind, runs);
           })
      .def("begin_branch", &Bank::begin_branch)
      .def("memory", &Bank::memory)
      .def("finish",
           [](Bank& bank, const std::string& kind, const std::vector<OptimizerSettings>& runs) {
             require(runs.size() == static_cast<size_t>(bank.runs()), "settings for each run");
             bank.finish(kind, runs);
           })
      .def("train", &train, nb::arg("images"), nb::arg("labels"), nb::arg("scale"), nb::arg("offset"), nb::arg("order"),
           nb::arg("views").none(), nb::arg("factors"), nb::arg("epoch"), nb::arg("first_step"), nb::arg("steps"))
      .def("score", [](Bank& bank, Input<uint8_t, 4> images, Input<int32_t, 1> labels, Input<float, 1> scale,
                       Input<float, 1> offset) { return score(bank, images, labels, scale, offset, nullptr); })
      .def("predict",
           [](Bank& bank, Input<uint8_t, 4> images, Input<int32_t, 1> labels, Input<float, 1> scale, Input<float, 1> offset) {
             Output<3> probabilities =
                 new_array<3>({static_cast<size_t>(bank.runs()), images.shape(0), static_cast<size_t>(bank.classes())});
             Sums sums = score(bank, images, labels, scale, offset, probabilities.data());
             return nb::make_tuple(probabilities, sums);
           })
      .def("read",
           [](const Bank& bank, const std::string& kind) {
             return with_kind(kind, [&](auto find) {
               Output<2> array = new_array<2>({static_cast<size_t>(bank.runs()), bank.count(find)});
               bank.read(find, array.data());
               return array;
             });
           })
      .def("write",
           [](Bank& bank, const std::string& kind, Input<float, 2> array) {
             with_kind(kind, [&](auto find) {
               require(array.shape(0) == static_cast<size_t>(bank.runs()) && array.shape(1) == bank.count(find),
                       "an array per run");
               bank.write(find, array.data());
               return 0;
             });
           })
      .def_prop_rw("threads", &Bank::threads,
                   [](Bank& bank, int threads) {
                     require(threads >= 1, "at least one thread");
                     const nb::gil_scoped_release release;
                     bank.set_threads(threads);
                   })
      .def_prop_rw("steps", &Bank::steps, &Bank::set_steps);
}
