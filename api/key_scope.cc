#include "api/key_scope.h"

#include <algorithm>

#include "ledger/core/account.h"

namespace suanpan::api {
namespace {

enum Verdict : std::uint8_t { kUnknown, kOurs, kForeign };
constexpr std::size_t kMaxMerchantBytes = 64;

bool is_whole(const std::vector<std::string>& names) {
  return names.size() == 1 && names.front() == kWhole;
}

bool is_merchant(std::string_view text) {
  return !text.empty() && text.size() <= kMaxMerchantBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
}

Result<void> check_names(const char* what, const std::vector<std::string>& names,
                         bool (*valid)(std::string_view)) {
  if (is_whole(names)) return success();
  if (names.size() > kMaxScopePaths)
    return fail(Errc::kMalformed, "{}: there are more than {}", what, kMaxScopePaths);
  for (auto it = names.begin(); it != names.end(); ++it) {
    if (!valid(*it)) return fail(Errc::kMalformed, "{}: one has not their form", what);
    if (std::find(names.begin(), it, *it) != it)
      return fail(Errc::kMalformed, "{}: one stands there twice", what);
  }
  return success();
}

}  // namespace

Result<void> check_scope(const KeyScope& scope) {
  TRY(check_names("accounts", scope.accounts, valid_account_code));
  return check_names("merchants", scope.merchants, is_merchant);
}

std::vector<std::string> split_scope(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto comma = text.find(',');
    names.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty())
      names.emplace_back();  // refused with the rest: a comma says that more follows
  }
  return names;
}

void write_scope(JsonWriter& out, const KeyScope& scope) {
  for (const auto& [member, names] :
       {std::pair{"accounts", &scope.accounts}, std::pair{"merchants", &scope.merchants}}) {
    out.key(member).begin_array();
    for (const std::string& name : *names) out.string(name);
    out.end_array();
  }
}

Result<KeyScope> read_scope(const JsonValue& object) {
  KeyScope scope;
  for (const auto& [member, names] :
       {std::pair{"accounts", &scope.accounts}, std::pair{"merchants", &scope.merchants}}) {
    TRY(const JsonValue list, object.get(member));
    if (!list.is_array()) return fail(Errc::kMalformed, "{}: is no array", member);
    for (const JsonValue& element : list.elements()) {
      TRY(const auto name, element.as_string());
      names->emplace_back(name);
    }
  }
  return scope;
}

// A line feed is in no name, so no two lists have one text.
std::string text_of(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, "\n"));
}

const std::shared_ptr<const Reach>& Reach::nothing() {
  static const std::shared_ptr<const Reach> none(new Reach);
  return none;
}

const std::shared_ptr<const Reach>& Reach::whole_book() {
  static const std::shared_ptr<const Reach> whole =
      std::make_shared<const Reach>(KeyScope{{std::string(kWhole)}, {std::string(kWhole)}});
  return whole;
}

Reach::Reach(const KeyScope& scope)
    : all_accounts_(is_whole(scope.accounts)),
      all_merchants_(is_whole(scope.merchants)),
      accounts_(scope.accounts),
      merchants_(scope.merchants) {
  std::sort(accounts_.begin(), accounts_.end());
  std::sort(merchants_.begin(), merchants_.end());
}

bool Reach::has_account(std::string_view code) const {
  if (all_accounts_) return true;
  // The code itself, then what it lies below.
  for (std::size_t end = code.size(); end != std::string_view::npos && end > 0;
       end = code.rfind('/', end - 1))
    if (std::binary_search(accounts_.begin(), accounts_.end(), code.substr(0, end), std::less<>{}))
      return true;
  return false;
}

bool Reach::touches(std::string_view path) const {
  if (has_account(path)) return true;
  const auto below = fmt::format("{}/", path);
  const auto first = std::lower_bound(accounts_.begin(), accounts_.end(), below);
  return first != accounts_.end() && first->starts_with(below);
}

bool Reach::has_merchant(std::string_view mch_no) const {
  return all_merchants_ || std::binary_search(merchants_.begin(), merchants_.end(), mch_no);
}

Reach::Numbers Reach::numbers(const View& view) const {
  if (all_accounts_) return {*this, view, nullptr};
  const std::size_t count = std::size_t{view.book().account_count} + 1;
  const std::lock_guard lock(mutex_);
  if (!known_ || known_->count < count) {
    // Twice as many, so that accounts opened one by one cost a copy seldom.
    auto known = std::make_shared<Numbers::Known>(2 * count);
    for (std::size_t i = 0; known_ && i < known_->count; ++i)
      known->verdicts[i].store(known_->verdicts[i].load(std::memory_order_relaxed),
                               std::memory_order_relaxed);
    known_ = std::move(known);
  }
  return {*this, view, known_};
}

bool Reach::Numbers::has(AccountId id) const {
  if (reach_.all_accounts_) return true;
  if (id.value > view_.book().account_count) return false;
  std::atomic<std::uint8_t>& verdict = known_->verdicts[id.value];
  if (const auto known = verdict.load(std::memory_order_relaxed); known != kUnknown)
    return known == kOurs;
  const Account* account = view_.account(id);
  if (!account) return false;  // the number 0
  const bool ours = reach_.has_account(account->code);
  verdict.store(ours ? kOurs : kForeign, std::memory_order_relaxed);
  return ours;
}

}  // namespace suanpan::api
