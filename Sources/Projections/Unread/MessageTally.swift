import DaybookModel

/// What of some messages counts for a reader. Whoever mentions everyone mentions nobody besides.
struct MessageTally: Equatable {
  var all: UInt64 = 0
  /// By the reader.
  var own: UInt64 = 0
  /// That mention everyone, and those of them by the reader.
  var everyone: UInt64 = 0
  var ownEveryone: UInt64 = 0
  /// By others, that mention the reader by name.
  var mentioned: UInt64 = 0

  /// `extras` may be left out where nobody is mentioned. In a mailbox nobody is everyone.
  mutating func add(
    sender: UserID?, extras: MessageExtras?, reader: UserID, in kind: StreamKey.Kind
  ) {
    all += 1
    let isOwn = sender.map { $0 == reader } ?? false
    if isOwn { own += 1 }
    guard let extras else { return }
    if kind == .group, extras.mentionsEveryone {
      everyone += 1
      if isOwn { ownEveryone += 1 }
    } else if !isOwn, extras.mentions.contains(reader) {
      mentioned += 1
    }
    assert(
      own <= all && everyone <= all && ownEveryone <= min(own, everyone) && mentioned <= all - own,
      "what is counted of some messages is no more than there are")
  }
}

extension MessageExtras {
  /// Itself if there is somebody to take note.
  var ifMentioning: MessageExtras? { mentionsEveryone || !mentions.isEmpty ? self : nil }
}
