// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text into HTML. Every string of a report goes through `escaped`: a name is data, whatever it looks like.

#include <string>
#include <string_view>

namespace lockstep::reports {

// For text and for attribute values in double quotes. Invalid UTF-8, control characters and what turns the
// direction of writing become U+FFFD.
std::string escaped(std::string_view text);

// The same, with places behind "/" and "," where a line may break: for ids.
std::string breakable(std::string_view text);

// A JSON text as the content of <script type="application/json">: no "<" is left in it, so nothing can close the block.
std::string script_safe(std::string_view json);

// Percent-encodes everything but letters, digits and -_.~ for use behind "#" in a link.
std::string fragment_encoded(std::string_view text);

// A coordinate in an SVG: at most two decimals, no exponent, no trailing zeros.
std::string coordinate(double value);

// <details> with the table of a chart: `rows` are finished <tr> elements.
std::string chart_table(const std::string& summary, const std::string& head, const std::string& rows);

}  // namespace lockstep::reports
