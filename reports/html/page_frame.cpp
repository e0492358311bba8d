// SPDX-License-Identifier: Apache-2.0
#include "reports/html/page_frame.hpp"

#include "reports/html/base64.hpp"
#include "reports/html/sha256.hpp"

namespace lockstep::reports {
namespace {

std::string source_hash(const std::string& text) { return "'sha256-" + base64(sha256(text)) + "'"; }

std::string content_policy(const std::string& style, const std::string& script) {
  return "default-src 'none'; script-src " + source_hash(script) + "; style-src " + source_hash(style) +
         "; img-src data:; base-uri 'none'; form-action 'none'";
}

// Two tracks in step. A data: address, so that a browser does not ask a server for favicon.ico.
constexpr const char* icon =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 5h4v-3h4v3h4M2 "
    "13h4v-3h4v3h4' fill='none' stroke='%232f7d5b' stroke-width='2'/%3E%3C/svg%3E";

}  // namespace

std::string page_head(const std::string& title, const std::string& style, const std::string& script) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
         content_policy(style, script) +
         "\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
         "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">"
         "<link rel=\"icon\" href=\"" +
         std::string(icon) + "\"><title>" + title + "</title><style>" + style +
         "</style></head><body><a class=\"skip\" href=\"#verdict\">Skip to the verdict</a>";
}

std::string top_bar(const std::string& links) {
  return "<header class=\"top\"><div class=\"inner\"><a class=\"brand\" href=\"#verdict\"><svg viewBox=\"0 0 16 16\" "
         "aria-hidden=\"true\"><path d=\"M1 6h4V2h5v4h5M1 14h4v-4h5v4h5\"/></svg>Lockstep</a><nav "
         "aria-label=\"Sections\">" +
         links +
         "</nav><button type=\"button\" id=\"theme\" aria-live=\"polite\">Theme: system</button></div></header>";
}

}  // namespace lockstep::reports
