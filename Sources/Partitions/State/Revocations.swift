package import DaybookModel

/// Which tokens of a user are void, and which of the service that is called the same.
package struct Revocations: Sendable, Equatable {
  /// In the order in which they came; each says something that no other does.
  package private(set) var entries: [Revocation] = []

  package init() {}

  /// From a snapshot. Nil where one would have taken the place of another.
  package init?(_ entries: [Revocation]) {
    var (named, holders): (Set<Revocation>, Set<Bool>) = ([], [])
    for entry in entries {
      var name = entry
      name.issuedUntil = .none
      let isFirst = holders.insert(entry.isOfService).inserted
      guard named.insert(name).inserted, isFirst || !entry.isOfAll else { return nil }
    }
    self.entries = entries
  }

  /// `device` is that of the token, and nil for a service's.
  package func cover(_ token: TokenStamp, of device: DeviceID?) -> Bool {
    !entries.isEmpty && entries.contains { $0.covers(token, of: device) }
  }

  /// Whether some token can be void by it that was not before. Tokens say in whole seconds when they were
  /// issued.
  package func isNew(_ revoked: Revocation) -> Bool {
    !entries.contains { known in
      guard known.isOfService == revoked.isOfService else { return false }
      guard revoked.tokenID.isEmpty else {
        return ByteEquality.of(known.tokenID, revoked.tokenID)
      }
      return known.tokenID.isEmpty && (known.device == nil || known.device == revoked.device)
        && known.issuedUntil.milliseconds / 1_000 >= revoked.issuedUntil.milliseconds / 1_000
    }
  }

  /// That all tokens are void always has.
  package func hasRoom(for revoked: Revocation) -> Bool {
    if revoked.isOfAll { return true }
    let others = entries.lazy.filter {
      $0.isOfService == revoked.isOfService && !$0.isOfAll && !revoked.replaces($0)
    }
    return others.count < Limits.revocationsMax
  }

  package mutating func take(_ revoked: Revocation) {
    entries.removeAll { revoked.replaces($0) }
    entries.append(revoked)
  }
}

extension Revocation {
  fileprivate var isOfAll: Bool { tokenID.isEmpty && device == nil }

  /// Whether it leaves nothing of that for the other to say. All tokens that are void by their ids had been
  /// issued before all were made so.
  fileprivate func replaces(_ other: Revocation) -> Bool {
    guard isOfService == other.isOfService, tokenID.isEmpty else { return false }
    return device == nil || (other.tokenID.isEmpty && other.device == device)
  }
}
