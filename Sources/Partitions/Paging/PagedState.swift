package import DaybookModel

/// What lies in a `PagedTable`, found by its key.
package protocol PagedState: Sendable, Equatable {
  associatedtype Key: Hashable & Sendable

  /// Stands where a state will be once it is read.
  static var blank: Self { get }

  /// The same in every process and version: with the table's seed it says in which page a state lies.
  static func fingerprint(of key: Key) -> UInt64

  /// As one message of a snapshot's page (`schemas/daybook/v1/snapshot.proto`).
  func encode(_ key: Key, into writer: inout SnapshotWriter)

  /// Nil for what can't be such a state: what it has once stands there twice, or by half.
  static func decode(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> (Key, Self)?

  /// Of the same bytes the key alone.
  static func key(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> Key
}

/// Where in a table something lies. Seeded, for whoever could choose keys that fall into one page would
/// make that page dear for everybody.
struct TableHash {
  let value: UInt64

  init(_ fingerprint: UInt64, seed: UInt64) {
    var hash = StableHash(seed: seed)
    hash.combine(fingerprint)
    value = hash.finish()
  }
}
