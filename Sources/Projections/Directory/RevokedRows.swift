import DaybookModel
import GRDB

/// Tokens that were made void: one, all of a device, or all. Rows stay; of those that are older than the last
/// one of all nothing is told any more.
struct RevokedTokens: ProjectedRow {
  static let layout = TableLayout(
    name: "revocations", keys: ["stream", "service", "device", "token"],
    values: ["seq", "issued_until_ms"], hasNumberKey: true)

  let stream: String
  /// They are the tokens of the service that is called as the mailbox's owner.
  let isOfService: Bool
  /// Empty for all devices, and for one token.
  let device: String
  /// Of one token alone.
  let tokenID: String
  /// Of the last event that said so.
  var seq = Seq.none
  var issuedUntil = Timestamp.none

  init(stream: String, _ revoked: Revocation) {
    self.stream = stream
    isOfService = revoked.isOfService
    device = revoked.device?.text ?? ""
    tokenID = revoked.tokenID
  }

  init(columns: [DatabaseValue]) {
    stream = columns[0].text
    isOfService = columns[1].isSet
    device = columns[2].text
    tokenID = columns[3].text
    seq = Seq(columns[4].number)
    issuedUntil = columns[5].time
  }

  func write(to columns: inout ColumnWriter) {
    columns.add(stream)
    columns.add(isOfService)
    columns.add(device)
    columns.add(tokenID)
    columns.add(seq.rawValue)
    columns.add(issuedUntil.milliseconds)
  }

  var revocation: Revocation {
    Revocation(
      device: device.isEmpty ? nil : DeviceID(checked: device), tokenID: tokenID,
      issuedUntil: issuedUntil, isOfService: isOfService)
  }
}

extension Revocation {
  /// Of the row that says so.
  func key(in mailbox: StreamKey) -> RowKey {
    RowKey(mailbox, number: isOfService ? 1 : 0, device?.text ?? "", tokenID)
  }
}
