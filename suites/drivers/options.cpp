// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/options.hpp"

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

namespace lockstep {

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::delimiter(char character) {
  option_->delimiter(character);
  return *this;
}

Option& Option::check(std::string (*reject)(const std::string&)) {
  option_->check(reject);
  return *this;
}

Option& Option::within(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::one_of(std::vector<std::string> names) {
  option_->check(CLI::IsMember(std::move(names)));
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

bool Option::is_given() const { return option_->count() > 0; }

std::string Option::name() const { return option_->get_name(); }

template <class T>
Option Options::add_option(const std::string& name, T& value, const std::string& description) const {
  return Option(*app_->add_option(name, value, description));
}

template Option Options::add_option(const std::string&, std::string&, const std::string&) const;
template Option Options::add_option(const std::string&, int&, const std::string&) const;
template Option Options::add_option(const std::string&, std::int64_t&, const std::string&) const;
template Option Options::add_option(const std::string&, std::uint64_t&, const std::string&) const;
template Option Options::add_option(const std::string&, double&, const std::string&) const;
template Option Options::add_option(const std::string&, std::optional<std::int64_t>&, const std::string&) const;
template Option Options::add_option(const std::string&, std::vector<std::string>&, const std::string&) const;
template Option Options::add_option(const std::string&, std::vector<int>&, const std::string&) const;
template Option Options::add_option(const std::string&, std::vector<std::int64_t>&, const std::string&) const;

Option Options::add_flag(const std::string& name, bool& value, const std::string& description) const {
  return Option(*app_->add_flag(name, value, description));
}

void Options::footer(const std::string& text) const { app_->footer(text); }

bool Options::is_given(const char* name) const { return app_->get_option(name)->count() > 0; }

}  // namespace lockstep
