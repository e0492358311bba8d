// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every page of Lockstep begins with.

#include <string>

namespace lockstep::reports {

// From the document type to the opening of the body. The policy lets only this very script and this very style run; nothing
// is fetched, framed, submitted or re-based. `title` is HTML.
std::string page_head(const std::string& title, const std::string& style, const std::string& script);

// The bar at the top: the name, links to sections (HTML) and the choice of a theme.
std::string top_bar(const std::string& links);

}  // namespace lockstep::reports
