// SPDX-License-Identifier: Apache-2.0
#include "harness/data/npy.hpp"

#include <cctype>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

#include "harness/data/error.hpp"
#include "harness/data/printable.hpp"

namespace lockstep {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr const char* kAccepted = "; accepted: a .npy file as numpy.save writes it";

class HeaderReader {
 public:
  HeaderReader(std::string_view header, const std::string& path) : header_(header), path_(path) {}

  std::string_view quoted(std::string_view key) const {
    const std::size_t open = after(key);
    if (open >= header_.size() || (header_[open] != '\'' && header_[open] != '"')) fail(key);
    const std::size_t close = header_.find(header_[open], open + 1);
    if (close == std::string_view::npos) fail(key);
    return header_.substr(open + 1, close - open - 1);
  }
  bool boolean(std::string_view key) const {
    const std::string_view rest = header_.substr(after(key));
    if (rest.starts_with("True")) return true;
    if (rest.starts_with("False")) return false;
    fail(key);
  }
  /// A Python tuple of extents: (), (3,), (3, 4).
  Shape tuple(std::string_view key) const {
    std::size_t at = after(key);
    if (character(at) != '(') fail(key);
    Shape shape;
    bool has_comma = true;  // (3) is no tuple
    for (at = skip_spaces(at + 1); character(at) != ')'; at = skip_spaces(at)) {
      std::int64_t extent = -1;
      const auto [next, failure] = std::from_chars(header_.data() + at, header_.data() + header_.size(), extent);
      if (failure != std::errc{} || extent < 0) fail(key);
      shape.push_back(extent);
      at = skip_spaces(static_cast<std::size_t>(next - header_.data()));
      has_comma = character(at) == ',';
      if (has_comma)
        ++at;
      else if (character(at) != ')')
        fail(key);
    }
    if (shape.size() == 1 && !has_comma) fail(key);
    return shape;
  }

 private:
  std::size_t after(std::string_view key) const {
    std::size_t at = header_.find("'" + std::string(key) + "'");
    if (at == std::string_view::npos) fail(key);
    at = header_.find(':', at);
    if (at == std::string_view::npos) fail(key);
    return skip_spaces(at + 1);
  }
  char character(std::size_t at) const { return at < header_.size() ? header_[at] : '\0'; }
  std::size_t skip_spaces(std::size_t at) const {
    while (character(at) == ' ') ++at;
    return at;
  }
  [[noreturn]] void fail(std::string_view key) const {
    throw Error(path_ + ": malformed .npy header, key " + in_quotes(key) + kAccepted);
  }
  std::string_view header_;
  const std::string& path_;
};

std::optional<DType> dtype_of(std::string_view descriptor) {
  if (descriptor == "<f8") return DType::f64;
  if (descriptor == "<f4") return DType::f32;
  if (descriptor == "<f2") return DType::f16;
  if (descriptor == "<i8") return DType::i64;
  if (descriptor == "|u1" || descriptor == "|b1") return DType::u8;
  return std::nullopt;
}

constexpr std::size_t kMostBytes = std::numeric_limits<std::int64_t>::max();

/// The number of bytes the shape needs; refuses what cannot be held, so that a hostile header allocates nothing.
std::size_t checked_bytes(const Shape& shape, DType dtype, std::size_t available, const std::string& path) {
  std::size_t bytes = size_in_bytes(dtype);
  bool is_empty = false;
  for (const std::int64_t extent : shape) {
    // Extents beside a zero count too: strides are products of them.
    if (extent != 0 && bytes > kMostBytes / static_cast<std::size_t>(extent))
      throw Error(path + ": .npy shape " + to_text(shape) + " is larger than any memory");
    if (extent == 0)
      is_empty = true;
    else
      bytes *= static_cast<std::size_t>(extent);
  }
  if (is_empty) bytes = 0;
  if (bytes > available)
    throw Error(path + ": truncated .npy: shape " + to_text(shape) + " needs " + std::to_string(bytes) +
                " bytes of data, the file has " + std::to_string(available));
  if (bytes < available)
    throw Error(path + ": .npy with " + std::to_string(available - bytes) + " bytes after the data of shape " +
                to_text(shape));
  return bytes;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(path + ": cannot be opened" + kAccepted);
  try {
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  } catch (const std::ios_base::failure&) {  // a folder opens, but does not read
    throw Error(path + ": cannot be read" + kAccepted);
  }
}

}  // namespace

Values read_npy(const std::string& path) { return parse_npy(read_file(path), path); }

Values parse_npy(std::string_view text, const std::string& path) {
  if (!text.starts_with(kMagic))
    throw Error(path + ": not a .npy file (it does not begin with \\x93NUMPY)" + kAccepted);
  if (text.size() < 10) throw Error(path + ": truncated .npy header" + kAccepted);
  const auto major = static_cast<unsigned char>(text[6]);
  if (major < 1 || major > 3) throw Error(path + ": .npy format " + std::to_string(major) + "; accepted: 1 to 3");
  const std::size_t length_bytes = major == 1 ? 2 : 4, header_at = 8 + length_bytes;
  std::uint32_t header_length = 0;
  if (text.size() < header_at) throw Error(path + ": truncated .npy header" + kAccepted);
  std::memcpy(&header_length, text.data() + 8, length_bytes);
  if (text.size() - header_at < header_length) throw Error(path + ": truncated .npy header" + kAccepted);

  const HeaderReader header(text.substr(header_at, header_length), path);
  const std::string_view descriptor = header.quoted("descr");
  const std::optional<DType> dtype = dtype_of(descriptor);
  if (!dtype)
    throw Error(path + ": .npy dtype " + in_quotes(descriptor) +
                "; accepted: <f8, <f4, <f2, <i8, |u1, |b1 (little endian)");
  const bool first_axis_innermost = header.boolean("fortran_order");
  const Shape shape = header.tuple("shape");
  const std::string_view data = text.substr(header_at + header_length);
  checked_bytes(shape, *dtype, data.size(), path);
  Strides strides = row_major_strides(shape);
  if (first_axis_innermost) {
    std::int64_t stride = 1;
    for (std::size_t axis = 0; axis < shape.size(); stride *= shape[axis++]) strides[axis] = stride;
  }
  return load(data.data(), *dtype, shape, strides);
}

void write_npy(const std::string& path, const Values& values) {
  const DType dtype = !is_floating(values.dtype())   ? DType::i64
                      : values.dtype() == DType::f64 ? DType::f64
                                                     : DType::f32;
  std::string shape = "(";
  for (const std::int64_t extent : values.shape()) shape += std::to_string(extent) + ", ";
  if (values.shape().size() > 1)
    shape.resize(shape.size() - 2);
  else if (values.shape().size() == 1)
    shape.pop_back();
  const char* descriptor = dtype == DType::f64 ? "<f8" : dtype == DType::f32 ? "<f4" : "<i8";
  std::string header =
      "{'descr': '" + std::string(descriptor) + "', 'fortran_order': False, 'shape': " + shape + "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());

  const Values stored = values.dtype() == dtype ? values : values.rounded_to(dtype);
  std::string data(static_cast<std::size_t>(stored.count()) * size_in_bytes(dtype), '\0');
  store(stored, data.data(), row_major_strides(stored.shape()));
  std::ofstream file(path, std::ios::binary);
  file.write(kMagic.data(), 6).write("\x01\x00", 2).write(reinterpret_cast<const char*>(&length), 2);
  file << header << data;
  file.flush();
  if (!file) throw Error(path + ": cannot be written");
}

}  // namespace lockstep
