import DaybookModel
import Ports

@testable import Identity

/// A token that somebody shows.
enum TokenTarget {
  private static let now = Timestamp(milliseconds: 1_800_000_000_000)

  /// Tokens are checked by an actor, so this is made once.
  private static let authority = Task {
    await TokenAuthority(
      secret: Secret(bytes: [UInt8](repeating: 7, count: Secret.bytesCount)), logID: "fuzz",
      now: { now })
  }

  static func run(_ bytes: [UInt8]) async -> Bool {
    let token = String(decoding: bytes, as: UTF8.self)
    return (try? await authority.value.check(token)) != nil
  }

  static func seeds() async -> [[UInt8]] {
    let principals = [
      Principal.device(UserID(checked: "alice"), DeviceID(checked: "phone")),
      Principal.service(ServiceID(checked: "importer")),
    ]
    var seeds: [[UInt8]] = []
    for principal in principals {
      if let token = try? await authority.value.issue(principal) { seeds.append(Array(token.utf8)) }
    }
    return seeds
  }
}
