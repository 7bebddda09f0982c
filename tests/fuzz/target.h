// What reads bytes that it cannot trust: a name, valid inputs to begin with, and a function that
// must survive any input and holds what it promises of those that it takes (CHECK_OR_DIE).
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan::test {

struct FuzzTarget {
  std::string name;
  std::vector<std::string> seeds;
  /// Whether the input was accepted.
  std::function<bool(std::string_view input)> run;
};

/// Codecs of the ledger: block, records, keys, rows, documents, JSON.
std::vector<FuzzTarget> ledger_targets();
/// Documents and keys: charts, rules, terms, closes of years, roots; keys that must sort.
std::vector<FuzzTarget> document_targets();
/// What comes from outside into the ledger: the batch of fixed records, journals as text.
std::vector<FuzzTarget> exchange_targets();
/// Files of others: camt, pain, WeChat's bills, CSV.
std::vector<FuzzTarget> file_targets();

}  // namespace suanpan::test
