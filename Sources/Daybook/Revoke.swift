import ArgumentParser
import DaybookModel
import DaybookSDK

/// Makes tokens void.
struct Revoke: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make tokens void: all of a user, of one device, of a service, or a single one.",
    discussion: """
      Sessions with them end, and nobody connects with one any more; it is an event of the log, and holds \
      for good. A token says in whole seconds when it was made: one of the same second is void too, and one \
      made later is good. Needs a service's token.
      """)

  @OptionGroup var server: ServerOption

  @Option(help: "The user whose tokens are void.")
  var user: String?

  @Option(help: "Those of this device of the user's alone.")
  var device: String?

  @Option(help: "The service whose tokens are void.")
  var service: String?

  @Option(
    help: "The one token of this id (its claim 'jti'), as 'daybook token --json' has shown it.")
  var tokenID: String?

  @OptionGroup var json: JSONOption

  func validate() throws {
    guard (user == nil) != (service == nil) else {
      throw ValidationError("say whose tokens: either --user or --service")
    }
    guard device == nil || (user != nil && tokenID == nil) else {
      throw ValidationError("--device is of a user, and not said beside --token-id")
    }
    if let tokenID, !(1...Limits.tokenIDBytesMax).contains(tokenID.utf8.count) {
      throw ValidationError("--token-id has 1 to \(Limits.tokenIDBytesMax) bytes")
    }
  }

  func run() async throws {
    let tokens = try tokens()
    let client = try server.client()
    let outcome = try await asDaybookError {
      try await client.connect()
      return try await client.revoke(tokens)
    }
    await client.close()
    let until = Timestamp(milliseconds: outcome.at.millisecondsSince1970)
    guard json.isSet else { return try printToStandardOutput(said(outcome.isNew, until)) }
    var line = JSONLine()
    line.set("user", user)
    line.set("service", service)
    line.set("device", device)
    line.set("token_id", tokenID)
    line.set("at", until.rfc3339)
    line.set("changed", outcome.isNew)
    try printToStandardOutput(line.text)
  }

  private func tokens() throws(DaybookError) -> RevokedTokens {
    if let user { _ = try UserID.parse(user, "--user") }
    if let service { _ = try ServiceID.parse(service, "--service") }
    if let device { _ = try DeviceID.parse(device, "--device") }
    if let tokenID {
      return user.map { .token(tokenID, ofUser: $0) } ?? .token(tokenID, ofService: service ?? "")
    }
    return user.map { .all(ofUser: $0, device: device) } ?? .all(ofService: service ?? "")
  }

  private func said(_ isNew: Bool, _ until: Timestamp) -> String {
    let holder = user.map { "of \($0)" } ?? "of the service \(service ?? "")"
    if let tokenID {
      return
        "the token \(PrintableText.quoted(tokenID)) \(holder) is void\(isNew ? "" : ", as it was")"
    }
    let device = device.map { "'s device \($0)" } ?? ""
    return "all tokens \(holder)\(device) that were made until \(until.rfc3339) are void"
  }
}
