// Tells a book's journal, command by command, as the entries (journal_entry.h) that make its books
// again. The ledger's own commands are told as they were asked for. What other rooms did, and what
// two people approved, is told as what it amounts to:
//
//   money posted                    voucher
//   money reserved                  voucher that holds, under the hold's own name
//   posted of a hold, and more      post_hold, with the legs that are none of the hold
//   the rest of a hold given back   void_hold
//   accounts opened                 open_account for each, id := id_of("<command>|<code>")
//   accounts' terms changed         set_terms for each, with such an id where there are several
//   the chart grown by subjects     chart for each, likewise
//
// The other entries bear the command's own id. Times rise: a second entry of one command is a
// nanosecond after the first, and what was recorded by then comes after it.
//
// A linked group is told as one where each of its commands can be; else one that stands is told
// item by item, and one that fell is not told at all.
//
// One owner. Pure.
#pragma once
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "ledger/exchange/journal_entry.h"

namespace suanpan {

/// What a reversal names as its original; nothing of other commands.
std::optional<ClaimKey> original_of(const StoredCommand& command);

class EntryTeller {
 public:
  /// `reversed`: the originals that reversals of the whole journal name.
  explicit EntryTeller(std::unordered_set<ClaimKey> reversed) : reversed_(std::move(reversed)) {}

  /// The entries that a command amounts to; none where it changed no money, account, day or chart,
  /// or was refused for something that is not told. Those of a linked group come with its last.
  /// Commands come in the order of the journal, from its first. Errors: kUnsupported, naming the
  /// command: no entry says what it did.
  Result<std::vector<JournalEntry>> tell(const StoredCommand& command);

 private:
  Result<std::vector<JournalEntry>> tell_one(const StoredCommand& command);
  Result<std::vector<JournalEntry>> tell_group(const std::vector<StoredCommand>& group);
  bool can_be_refused_again(const StoredCommand& command) const;
  Result<void> tell_asked(const StoredCommand& command, std::vector<JournalEntry>& told) const;
  Result<void> tell_effects(const StoredCommand& command, std::vector<JournalEntry>& told) const;
  Result<JournalEntry> movement(const StoredCommand& command) const;
  Result<JournalEntry> posting_of_hold(const StoredCommand& command) const;
  JournalEntry voucher(const StoredCommand& command) const;
  Result<void> check_told(const StoredCommand& command, const JournalEntry& e) const;
  JournalEntry account_entry(const StoredCommand& command, const Account& account) const;
  JournalEntry subject_entry(const StoredCommand& command, const Subject& subject) const;
  void note(const StoredCommand& command, std::vector<JournalEntry>& told);

  bool is_known(AccountId id) const;
  TextLeg leg(const Transfer& transfer) const;
  std::string code(AccountId id) const;

  std::vector<std::string> codes_;  // of the accounts opened so far, by number
  std::optional<Date> open_day_;
  Timestamp last_time_;  // of the last entry
  const std::unordered_set<ClaimKey> reversed_;
  // Those of them under which the journal and the telling do not know the same.
  std::unordered_set<ClaimKey> otherwise_;
  // Those of them that are told as vouchers, and were no vouchers to be reversed.
  std::unordered_set<ClaimKey> made_vouchers_;
  std::vector<StoredCommand> group_;  // the commands before that are of one group with the next
};

}  // namespace suanpan
