// A report as one self-contained HTML page: no script, nothing loaded from elsewhere, fit for A4
// paper (landscape where a table is wide). Everything that comes from data is escaped.
#pragma once
#include <string>

#include "reconcile/report/model.h"

namespace suanpan::report {

/// Deterministic: equal reports, equal bytes. CHECKs check(report).
std::string to_html(const Report& report);

}  // namespace suanpan::report
