import ArgumentParser
import DaybookModel
import DaybookSDK
import DaybookSchema
import WireProtocol

/// Prints the addresses that a server refuses, or lets one in again.
struct GatewayAbuse: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abuse",
    abstract: "Print the addresses that are refused for a while, for their tokens kept failing.",
    discussion: """
      The longest first; an IPv6 address stands for its /64. Needs a service's token. What makes an \
      address a refused one is said to the server by 'serve --settings'.
      """)

  @OptionGroup var server: ServerOption

  @Option(help: "Let this address in again, as it stands in the list.")
  var lift: String?

  @OptionGroup var json: JSONOption

  func run() async throws {
    let client = try server.client()
    _ = try await asDaybookError { try await client.connect() }
    if let lift {
      var request = Daybook_V1_LiftRefusalRequest()
      request.address = lift
      let asked = request
      let reply: Daybook_V1_LiftRefusalReply = try await asDaybookError {
        try await client.query(.liftRefusal, asked)
      }
      await client.close()
      return try told(lift, isLifted: reply.lifted)
    }
    let reply: Daybook_V1_RefusedAddressesReply = try await asDaybookError {
      try await client.query(.refusedAddresses, Daybook_V1_RefusedAddressesRequest())
    }
    await client.close()
    try print(reply.addresses)
  }

  private func told(_ address: String, isLifted: Bool) throws {
    guard isLifted else {
      throw DaybookError(
        .invalidArgument,
        "\(PrintableText.quoted(address)) is not refused: 'daybook gateway abuse' lists who is")
    }
    guard json.isSet else { return try printToStandardOutput("\(address) is let in again") }
    var line = JSONLine()
    line.set("address", address)
    line.set("lifted", true)
    try printToStandardOutput(line.text)
  }

  private func print(_ addresses: [Daybook_V1_RefusedAddress]) throws {
    var output = StandardOutput()
    var table = TextTable([("address", .left), ("refused for", .right), ("failed", .right)])
    for one in addresses {
      let seconds = Int64(clamping: (one.refusedForMs + 999) / 1_000)
      guard json.isSet else {
        table.add([one.address, "\(TimeSpan(seconds: seconds))", "\(one.failures)"])
        continue
      }
      var line = JSONLine()
      line.set("address", one.address)
      line.set("refused_for_ms", one.refusedForMs)
      line.set("failures", one.failures)
      try output.line(line)
    }
    if !json.isSet {
      for line in table.lines { try output.line(line) }
    }
    try output.flush()
  }
}
