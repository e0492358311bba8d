// SPDX-License-Identifier: Apache-2.0
#include "harness/data/npy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "harness/data/error.hpp"
#include "harness/data/fill.hpp"
#include "harness/data/testing/temporary_folder.hpp"

namespace lockstep {
namespace {

class Npy : public ::testing::Test {
 protected:
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string written() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  /// What reading says about these bytes; "accepted" when it takes them.
  std::string complaint(const std::string& bytes) const {
    write(bytes);
    try {
      read_npy(path_);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::StartsWith(path_));
      EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("\n")));
      return error.what();
    }
    return "accepted";
  }

  const testing::TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "values.npy").string();
};

/// A file of the given header dictionary and data, with the header's true length.
std::string file_of(const std::string& header, const std::string& data, char major = 1) {
  std::string bytes = std::string("\x93NUMPY") + major + '\0';
  const std::size_t length = header.size();
  for (int byte = 0; byte < (major == 1 ? 2 : 4); ++byte) bytes += static_cast<char>(length >> (8 * byte));
  return bytes + header + data;
}
std::string header_of(const std::string& descriptor, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descriptor + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}
std::string bytes_of(std::initializer_list<double> values) {
  std::string bytes(values.size() * 8, '\0');
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}
const std::string kTwo = bytes_of({1.5, -2.0});

TEST_F(Npy, RoundTripsEveryDtypeAndRank) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16})
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 4}, Shape{2, 3, 4, 5}, Shape{0}, Shape{2, 0, 3}}) {
      Values values(dtype, shape);
      fill_values(values, Fill::special, {.takes_special = true}, 5);
      write_npy(path_, values);
      const Values back = read_npy(path_);
      EXPECT_EQ(back.dtype(), dtype == DType::f64 ? DType::f64 : DType::f32);
      ASSERT_EQ(back.shape(), shape);
      for (std::int64_t i = 0; i < values.count(); ++i)
        ASSERT_TRUE(back[i] == values[i] || (std::isnan(back[i]) && std::isnan(values[i])));
    }
}

TEST_F(Npy, IntegersKeepEveryBit) {
  Values values(DType::i64, {3});
  values.integers()[0] = (std::int64_t{1} << 62) + 1;
  values.integers()[1] = -9007199254740993;  // -(2^53 + 1)
  write_npy(path_, values);
  const Values back = read_npy(path_);
  EXPECT_EQ(back.integers()[0], (std::int64_t{1} << 62) + 1);
  EXPECT_EQ(back.integers()[1], -9007199254740993);
  EXPECT_EQ(back.integers()[2], 0);
}

// NumPy maps files at multiples of 64 bytes.
TEST_F(Npy, WrittenDataIsAligned) {
  write_npy(path_, Values(DType::f32, {2, 3}));
  const std::string bytes = written();
  EXPECT_EQ((bytes.size() - 24) % 64, 0u);
  EXPECT_THAT(bytes, ::testing::HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"));
}

TEST_F(Npy, ReadsAllVersionsOfTheFormat) {
  for (const char major : {1, 2, 3}) {
    write(file_of(header_of("<f8", "(2,)"), kTwo, major));
    EXPECT_EQ(read_npy(path_)[1], -2.0) << int{major};
  }
  EXPECT_THAT(complaint(file_of(header_of("<f8", "(2,)"), kTwo, 4)), ::testing::HasSubstr("accepted: 1 to 3"));
}

TEST_F(Npy, ReadsHalvesBytesAndBooleans) {
  write(file_of(header_of("<f2", "(2,)"), std::string("\x00\x3c\x01\x00", 4)));
  EXPECT_EQ(read_npy(path_)[0], 1.0);
  EXPECT_EQ(read_npy(path_)[1], 0x1p-24);
  for (const char* descriptor : {"|u1", "|b1"}) {
    write(file_of(header_of(descriptor, "(2,)"), std::string("\x00\x01", 2)));
    EXPECT_EQ(read_npy(path_).dtype(), DType::u8);
    EXPECT_EQ(read_npy(path_)[1], 1);
  }
}

TEST_F(Npy, ReadsFortranOrderAsTheSameElements) {
  write(file_of(header_of("|u1", "(2, 3)", "True"), std::string("\x00\x03\x01\x04\x02\x05", 6)));
  const Values values = read_npy(path_);
  EXPECT_EQ(values.shape(), (Shape{2, 3}));
  for (std::int64_t i = 0; i < 6; ++i) EXPECT_EQ(values[i], static_cast<double>(i));
}

TEST_F(Npy, RefusesWhatIsNoNpyFile) {
  using ::testing::HasSubstr;
  EXPECT_THROW(read_npy("/nowhere/at/all.npy"), Error);
  EXPECT_THROW(read_npy(::testing::TempDir()), Error) << "a folder";
  EXPECT_THAT(complaint(""), HasSubstr("not a .npy file"));
  EXPECT_THAT(complaint("\x93NUMPX and so on"), HasSubstr("not a .npy file"));
  EXPECT_THAT(complaint("\x93NUM"), HasSubstr("not a .npy file"));
}

// Every proper beginning of a good file is refused: no length of it may crash the reader or pass.
TEST_F(Npy, RefusesEveryTruncation) {
  for (const char major : {1, 2}) {
    const std::string whole = file_of(header_of("<f8", "(2,)"), kTwo, major);
    ASSERT_EQ(complaint(whole), "accepted");
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_NE(complaint(whole.substr(0, length)), "accepted") << length;
  }
  EXPECT_THAT(complaint(file_of(header_of("<f8", "(3,)"), kTwo)),
              ::testing::HasSubstr("truncated .npy: shape [3] needs 24 bytes of data, the file has 16"));
}

TEST_F(Npy, RefusesTrailingBytes) {
  EXPECT_THAT(complaint(file_of(header_of("<f8", "(2,)"), kTwo + "x")), ::testing::HasSubstr("1 bytes after the data"));
  EXPECT_THAT(complaint(file_of(header_of("<f8", "(0,)"), kTwo)), ::testing::HasSubstr("16 bytes after the data"));
}

TEST_F(Npy, RefusesOtherOrdersAndDtypes) {
  for (const char* descriptor : {">f8", "<i4", "<c16", "|O", "<U2", "=f8", "float64", ""})
    EXPECT_THAT(complaint(file_of(header_of(descriptor, "(2,)"), kTwo)), ::testing::HasSubstr("accepted: <f8"))
        << descriptor;
}

TEST_F(Npy, RefusesImpossibleShapes) {
  using ::testing::HasSubstr;
  const auto with_shape = [this](const char* shape) { return complaint(file_of(header_of("<f8", shape), kTwo)); };
  EXPECT_THAT(with_shape("(4611686018427387904, 2)"), HasSubstr("larger than any memory"));
  EXPECT_THAT(with_shape("(3000000000, 3000000000, 3000000000)"), HasSubstr("larger than any memory"));
  EXPECT_THAT(with_shape("(0, 3000000000, 3000000000)"), HasSubstr("larger than any memory"));
  EXPECT_THAT(with_shape("(1000000000000,)"), HasSubstr("truncated"));
  for (const char* shape : {"(-2,)", "(2, -1)", "(2", "2", "(2)", "[2]", "(a,)", "(2 1)", "(2,,1)", "(,)", "(2.0,)",
                            "(99999999999999999999,)", "('2',)", ""})
    EXPECT_THAT(with_shape(shape), HasSubstr("malformed .npy header, key 'shape'")) << shape;
  for (const char* shape : {"(2,)", "(2, )", "( 2 , 1 )", "(1, 2,)"}) EXPECT_EQ(with_shape(shape), "accepted") << shape;
}

TEST_F(Npy, RefusesMalformedHeaders) {
  using ::testing::HasSubstr;
  EXPECT_THAT(complaint(file_of("", kTwo)), HasSubstr("key 'descr'"));
  EXPECT_THAT(complaint(file_of("{'descr': <f8, 'fortran_order': False, 'shape': (2,), }", kTwo)),
              HasSubstr("key 'descr'"));
  EXPECT_THAT(complaint(file_of("{'descr': '<f8, }", kTwo)), HasSubstr("key 'descr'"));
  EXPECT_THAT(complaint(file_of("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }", kTwo)),
              HasSubstr("key 'descr'"));
  EXPECT_THAT(complaint(file_of("{'descr': '<f8', 'shape': (2,), }", kTwo)), HasSubstr("key 'fortran_order'"));
  EXPECT_THAT(complaint(file_of("{'descr': '<f8', 'fortran_order': maybe, 'shape': (2,), }", kTwo)),
              HasSubstr("key 'fortran_order'"));
  EXPECT_THAT(complaint(file_of("{'descr': '<f8', 'fortran_order': False, }", kTwo)), HasSubstr("key 'shape'"));
  EXPECT_THAT(complaint(file_of("{'descr'", kTwo)), HasSubstr("key 'descr'"));
}

TEST_F(Npy, SaysWhereItCannotWrite) {
  try {
    write_npy("/nowhere/at/all.npy", Values(DType::f32, {1}));
    FAIL() << "written";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/nowhere/at/all.npy: cannot be written");
  }
}

}  // namespace
}  // namespace lockstep
