// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/parameters.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

Parameters with(std::string token) {
  Parameters parameters;
  parameters.set("p", std::move(token));
  return parameters;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(Parameters, AbsentOnesGiveTheDefault) {
  const Parameters none;
  EXPECT_FALSE(none.has("p"));
  EXPECT_FALSE(none.is_none("p"));
  EXPECT_EQ(none.integer("p", 7), 7);
  EXPECT_EQ(none.real("p", 0.5), 0.5);
  EXPECT_TRUE(none.boolean("p", true));
  EXPECT_FALSE(none.boolean("p", false));
  EXPECT_EQ(none.text("p", "mean"), "mean");
  EXPECT_EQ(none.integers("p", {3, 4}), (std::vector<std::int64_t>{3, 4}));
}

TEST(Parameters, TokensHaveTheGrammarOfIds) {
  Parameters p;
  p.set_integer("dim", -1);
  p.set_real("eps", 1e-5);
  p.set_real("slope", -0.5);
  p.set_boolean("affine", true);
  p.set_boolean("bias", false);
  p.set_integers("dims", {-2, 3});
  p.set_integers("nothing", {});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"dim", "_1"},     {"eps", "1e_05"}, {"slope", "_0.5"},   {"affine", "true"},
      {"bias", "false"}, {"dims", "_2x3"}, {"nothing", "empty"}};
  EXPECT_EQ(p.tokens(), expected);
}

TEST(Parameters, NumbersComeBackAsTheyWere) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                   std::numeric_limits<std::int64_t>::max()}) {
    Parameters p;
    p.set_integer("p", value);
    EXPECT_EQ(p.integer("p", 99), value);
  }
  for (const double value : {0.0, -0.0, 1e-5, 0.1, -1.0 / 3.0, 1e20, 1e300, 5e-324, -std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::infinity()}) {
    Parameters p;
    p.set_real("p", value);
    EXPECT_EQ(p.real("p", 99), value) << p.text("p", "");
    EXPECT_EQ(p.text("p", "").find_first_of("+-,=/ "), std::string::npos) << p.text("p", "");
  }
  for (const std::vector<std::int64_t>& value :
       {std::vector<std::int64_t>{}, std::vector<std::int64_t>{5}, std::vector<std::int64_t>{-1, 0, 1000000000000}}) {
    Parameters p;
    p.set_integers("p", value);
    EXPECT_EQ(p.integers("p", {99}), value) << p.text("p", "");
  }
}

TEST(Parameters, RealTokensAreTheShortest) {
  EXPECT_EQ(real_token(1e-5), "1e_05");
  EXPECT_EQ(real_token(0.1), "0.1");
  EXPECT_EQ(real_token(1e20), "1e20");
  EXPECT_EQ(real_token(-2), "_2");
}

TEST(Parameters, SettingAgainKeepsThePlace) {
  Parameters p;
  p.set("first", "1");
  p.set("second", "2");
  p.set("first", "3");
  EXPECT_EQ(p.tokens(), (std::vector<std::pair<std::string, std::string>>{{"first", "3"}, {"second", "2"}}));
  p.remove("first");
  p.remove("absent");
  EXPECT_FALSE(p.has("first"));
  EXPECT_EQ(p.integer("second", 0), 2);
}

TEST(Parameters, NoneIsATokenOfItsOwn) {
  EXPECT_TRUE(with("none").is_none("p"));
  EXPECT_FALSE(with("0").is_none("p"));
  EXPECT_EQ(with("none").text("p", ""), "none");
}

TEST(Parameters, EveryMalformedTokenIsNamedWithWhatIsAccepted) {
  for (const std::string token :
       {"", "_", "x", "1.5", "1e3", "3x2", "1_", "__1", "none", "true", "9223372036854775808"})
    EXPECT_EQ(message_of([&] { with(token).integer("p", 0); }), "parameter p=" + token + "; accepted: an integer");
  for (const std::string token : {"", "_", "eps", "1e", "0.1.2", "1e_05x", "3x2", "none", "1e999"})
    EXPECT_EQ(message_of([&] { with(token).real("p", 0); }),
              "parameter p=" + token + "; accepted: a number, with _ for the minus sign");
  for (const std::string token : {"", "True", "1", "no", "none", "truefalse"})
    EXPECT_EQ(message_of([&] { with(token).boolean("p", false); }), "parameter p=" + token + "; accepted: true, false");
  for (const std::string token : {"", "x", "3x", "x2", "3xx2", "3,2", "3x2.5", "none"})
    EXPECT_EQ(message_of([&] { with(token).integers("p", {}); }),
              "parameter p=" + token + "; accepted: integers joined by x, such as 3x2");
}

}  // namespace
}  // namespace lockstep
