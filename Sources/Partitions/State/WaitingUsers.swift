package import DaybookModel
import NIOCore

/// Who is no member of a group and was invited, or asks to be let in.
package struct WaitingUsers: Sendable, Equatable {
  private var users: PagedTable<WaitingState>
  package private(set) var invitedCount = 0
  package private(set) var requestedCount = 0

  package struct WaitingState: Sendable, Equatable {
    package var isInvited = false
    package var hasRequested = false
  }

  init(seed: UInt64) { users = PagedTable(seed: seed) }

  package func isInvited(_ user: UserID) -> Bool {
    invitedCount > 0 && users.state(of: user)?.isInvited ?? false
  }

  package func hasRequested(_ user: UserID) -> Bool {
    requestedCount > 0 && users.state(of: user)?.hasRequested ?? false
  }

  /// About what they take in memory.
  var byteCount: Int {
    users.count * (MemoryLayout<UserID>.stride + MemoryLayout<WaitingState>.stride + 8) * 4 / 3
  }

  package var isEmpty: Bool { users.isEmpty }

  package func forEach(_ body: (UserID) -> Void) { users.forEach { user, _ in body(user) } }

  private mutating func place(_ user: UserID) -> Int {
    users.find(user) ?? users.insert(user, WaitingState())
  }

  mutating func invited(_ user: UserID) {
    let at = place(user)
    if !users[at].isInvited { invitedCount += 1 }
    users[at].isInvited = true
  }

  mutating func requested(_ user: UserID) {
    let at = place(user)
    if !users[at].hasRequested { requestedCount += 1 }
    users[at].hasRequested = true
  }

  mutating func remove(_ user: UserID) {
    guard let at = users.find(user) else { return }
    if users[at].isInvited { invitedCount -= 1 }
    if users[at].hasRequested { requestedCount -= 1 }
    users.remove(at: at)
  }

  mutating func removeAll() {
    users.removeAll()
    (invitedCount, requestedCount) = (0, 0)
  }

  // MARK: snapshots

  init?(pages: [ByteBuffer], seed: UInt64) {
    guard let users = PagedTable<WaitingState>(pages: pages, seed: seed) else { return nil }
    self.users = users
    users.forEach { _, state in
      if state.isInvited { invitedCount += 1 }
      if state.hasRequested { requestedCount += 1 }
    }
  }

  func encode(_ field: Int, into writer: inout SnapshotWriter) {
    users.encode(field, into: &writer)
  }
}
