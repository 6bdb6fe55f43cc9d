package import DaybookModel
package import FoundationEssentials

/// Positions that outlive the server, under names. Blocking; any thread.
package protocol PositionStore: AnyObject, Sendable {
  /// In place of one of this name that there may be. Throws `too_many_positions`, `storage_full`,
  /// `storage_failed`.
  func save(_ position: Data, as name: String, at now: Timestamp) throws(DaybookError)

  /// Nil where there is none. One that is damaged throws `log_corrupt`.
  func position(_ name: String) throws(DaybookError) -> StoredPosition?

  /// False where there was none.
  func delete(_ name: String) throws(DaybookError) -> Bool

  /// By ascending bytes of the names.
  func all() throws(DaybookError) -> [StoredPosition]
}

package struct StoredPosition: Sendable, Equatable {
  package let name: String
  package let position: Data
  package let savedAt: Timestamp

  package init(name: String, position: Data, savedAt: Timestamp) {
    self.name = name
    self.position = position
    self.savedAt = savedAt
  }
}
