#include "ledger/engine/root_writer.h"

#include "ledger/base/log.h"

namespace suanpan {
namespace {

bool names_keys(const VariablePart& part) {
  return std::any_of(part.documents.begin(), part.documents.end(), [](const DocumentPtr& d) {
    return d->kind == DocumentKind::kBookSetting && d->key == kRootKeysDocument;
  });
}

Sha256 balances_now(const State& state) {
  BalancesDigest digest;
  for (const Account& account : state.accounts()) {
    const Balance& b = state.balance(account.id);
    digest.add(account, b.debits_posted, b.credits_posted, b.debits_red, b.credits_red);
  }
  return digest.finish();
}

Result<Sha256> balances_at(std::uint64_t seq, const State& state,
                           const AccountProjection& accounts) {
  BalancesDigest digest;
  for (const Account& account : state.accounts()) {
    TRY(auto t, accounts.totals_at(account.id, seq));
    digest.add(account, t.debits, t.credits, t.debits_red, t.credits_red);
  }
  return digest.finish();
}

}  // namespace

Result<std::unique_ptr<RootWriter>> RootWriter::open(const Where& where, const DocumentPtr& named) {
  TRY(auto keys, RootKeys::open(where.key_file, named == nullptr));
  if (named && named->bytes != keys.public_pem())
    return fail(Errc::kMismatch, "{}: not the keys that sign this book's days; restore them",
                where.key_file.string());
  TRY(auto file, RootFile::open(where.root_file));
  return std::unique_ptr<RootWriter>(new RootWriter(std::move(keys), std::move(file), where.book));
}

Result<void> RootWriter::write(const Block& block, const CutDay& cut, const Sha256& balances) {
  DailyRoot root;
  root.book = book_;
  root.day = cut.day;
  root.next = cut.next;
  root.seq = block.last_seq();
  root.hash = block.hash();
  root.balances = balances;
  keys_.sign(root);
  return file_.append(root);
}

Result<void> RootWriter::take(const Block& block, const State& state) {
  const auto cuts = cut_days(block);
  if (cuts.empty() || !state.document(DocumentKind::kBookSetting, kRootKeysDocument))
    return success();
  const Sha256 balances = balances_now(state);
  for (const CutDay& cut : cuts) {
    TRY(write(block, cut, balances));
  }
  return success();
}

Result<void> RootWriter::write_missing(const Journal& journal, const State& state,
                                       const AccountProjection& accounts) {
  const auto& last = file_.last();
  if (last) {
    TRY(auto block, journal.block_of(last->seq));
    if (!block)
      return fail(Errc::kCorrupt,
                  "the root of {} names journal entry {}, the journal ends at {}: acknowledged "
                  "entries are missing. Restore a backup, or accept the loss explicitly with "
                  "--reset-head",
                  last->day.iso(), last->seq, journal.last_seq());
    if (block->last_seq() != last->seq || block->hash() != last->hash || last->book != book_)
      return fail(Errc::kCorrupt, "the root of {} is not one of this journal", last->day.iso());
  }
  if (last && last->next == state.book().accounting_date) return success();
  bool due = last.has_value();  // roots begin with the document that names the keys
  // From the last root's own block: it may have cut another day, and the crash come between the
  // two.
  const std::optional<Date> signed_day = last ? std::optional(last->day) : std::nullopt;
  const auto replayed =
      journal.replay(last ? last->seq : 1, [&](const BlockPtr& block) -> Result<void> {
        due = due || std::any_of(block->parts().begin(), block->parts().end(), names_keys);
        auto cuts = due ? cut_days(*block) : std::vector<CutDay>{};
        std::erase_if(cuts,
                      [&](const CutDay& cut) { return signed_day && cut.day <= *signed_day; });
        if (cuts.empty()) return success();
        TRY(auto balances, balances_at(block->last_seq(), state, accounts));
        for (const CutDay& cut : cuts) {
          log_warn("the root of {} was missing and is signed now", cut.day.iso());
          TRY(write(*block, cut, balances));
        }
        return success();
      });
  if (!replayed && replayed.error().code == Errc::kArchived)
    return fail(Errc::kCorrupt,
                "the daily roots end before what was purged: restore the file roots from a backup, "
                "or its lines from the archive's checkpoint");
  return replayed;
}

}  // namespace suanpan
