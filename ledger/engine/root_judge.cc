#include "ledger/engine/root_judge.h"

namespace suanpan {
namespace {

template <class... Args>
Fault fault(const DailyRoot& root, fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format("the root of {} at journal entry {}: ", root.day.iso(), root.seq) +
         fmt::format(format, std::forward<Args>(args)...);
}

Sha256 balances_of(const Audit& audit) {
  BalancesDigest digest;
  for (const AuditedAccount& a : audit.accounts())
    digest.add(a.account, static_cast<std::int64_t>(a.debit_posted),
               static_cast<std::int64_t>(a.credit_posted), static_cast<std::int64_t>(a.debit_red),
               static_cast<std::int64_t>(a.credit_red));
  return digest.finish();
}

/// What a root says otherwise than the journal.
const char* difference(const DailyRoot& root, const DailyRoot& expected) {
  if (root.book != expected.book) return "it is another book's";
  if (root.next != expected.next) return "it names another day after it";
  if (root.hash != expected.hash) return "it names another hash than the journal's block";
  if (root.balances != expected.balances) return "it names other balances than the journal gives";
  return nullptr;
}

}  // namespace

RootJudge::RootJudge(Id128 book, std::vector<DailyRoot> roots, std::optional<RootVerifier> given)
    : book_(book), all_(std::move(roots)), given_(std::move(given)) {
  for (const DailyRoot& root : all_) roots_.emplace(root.seq, root);
}

std::vector<DailyRoot> RootJudge::until(std::uint64_t seq) const {
  std::vector<DailyRoot> roots;
  for (const DailyRoot& root : all_)
    if (root.seq <= seq) roots.push_back(root);
  return roots;
}

Sha256 RootJudge::digest_until(std::uint64_t seq) const {
  Sha256Stream digest;
  for (const DailyRoot& root : until(seq)) digest.update(root.line() + "\n");
  return digest.finish();
}

Result<void> RootJudge::go_on(std::uint64_t seq, std::string pem, std::uint64_t judged) {
  if (!pem.empty()) {
    TRY(named_, RootVerifier::from_pem(pem));
  }
  named_pem_ = std::move(pem);
  roots_.erase(roots_.begin(), roots_.upper_bound(seq));
  judged_ = judged;
  return success();
}

Fault RootJudge::read_keys(const Block& block) {
  for (const VariablePart& part : block.parts())
    for (const DocumentPtr& document : part.documents) {
      if (document->kind != DocumentKind::kBookSetting || document->key != kRootKeysDocument)
        continue;
      auto keys = RootVerifier::from_pem(document->bytes);
      if (!keys)
        return fmt::format("journal block at {}: its root keys: {}", block.first_seq(),
                           keys.error().message);
      named_ = std::move(keys.value());
      named_pem_ = document->bytes;
    }
  return {};
}

Fault RootJudge::take(const Block& block, const Audit& audit) {
  if (missing_) return fault(*missing_, "it is missing");
  if (!roots_.empty() && roots_.begin()->first < block.first_seq())
    return fault(roots_.begin()->second, "no day was cut there");
  if (Fault f = read_keys(block)) return f;
  const auto cuts = cut_days(block);
  if (cuts.empty() || !named_) return {};
  const Sha256 balances = balances_of(audit);
  for (const CutDay& cut : cuts)
    if (Fault f = judge(block, cut, balances)) return f;
  return {};
}

Fault RootJudge::judge(const Block& block, const CutDay& cut, const Sha256& balances) {
  DailyRoot expected;
  expected.book = book_;
  expected.day = cut.day;
  expected.next = cut.next;
  expected.seq = block.last_seq();
  expected.hash = block.hash();
  expected.balances = balances;
  bool found = false;
  for (auto it = roots_.lower_bound(expected.seq);
       it != roots_.end() && it->first == expected.seq;) {
    const DailyRoot& root = it->second;
    if (root.day != cut.day) {  // a block may hold several cuts
      ++it;
      continue;
    }
    if (const char* what = difference(root, expected)) return fault(root, "{}", what);
    for (const auto& keys : {given_, named_})
      if (const auto what = keys ? keys->judge(root) : std::nullopt)
        return fault(root, "{}", *what);
    it = roots_.erase(it);
    found = true;
    ++judged_;
  }
  if (!found) missing_ = expected;
  return {};
}

std::optional<std::string> RootJudge::judge(std::string_view message,
                                            const RootSignatures& by) const {
  if (!named_) return "the journal names no keys that could have signed it";
  for (const auto& keys : {given_, named_})
    if (const auto what = keys ? keys->judge(message, by) : std::nullopt) return what;
  return std::nullopt;
}

Fault RootJudge::finish(const Audit& audit) const {
  if (given_ && !named_)
    return "a root key was given, and the journal names none: no root of it is signed";
  if (roots_.empty()) return {};
  const DailyRoot& root = roots_.begin()->second;
  if (root.seq > audit.last_seq())
    return fault(root, "the journal ends at {}: entries are missing", audit.last_seq());
  return fault(root, "no day was cut there");
}

}  // namespace suanpan
