import DaybookModel
import Testing

@Suite("Limit table")
struct LimitTableTests {
  /// Of the first two every constant has a row; of the others those that clients meet.
  private static let sources = [
    ("Limits", "Sources/DaybookModel/Limits.swift"),
    ("GatewayOptions", "Sources/Gateway/Limits/GatewayOptions.swift"),
    ("AddressLimits", "Sources/Gateway/Limits/AddressLimits.swift"),
    ("UserRates", "Sources/Gateway/Limits/UserRates.swift"),
    ("LoadGauge", "Sources/Gateway/Limits/LoadGauge.swift"),
    ("CommandFlow", "Sources/Gateway/Session/CommandFlow.swift"),
    ("HeldBack", "Sources/DaybookModel/HeldBack.swift"),
    ("FrameHeader", "Sources/WireProtocol/FrameHeader.swift"),
    ("TokenAuthority", "Sources/Identity/TokenAuthority.swift"),
    ("Settings", "Sources/Server/DataFolder.swift"),
  ]

  private func rows() throws -> [LimitTable.Row] {
    LimitTable(markdown: try Repository.text("schemas/limits.md")).rows
  }

  private func declared() throws -> [String: String?] {
    var all: [String: String?] = [:]
    for (type, path) in Self.sources {
      for (name, value) in DeclaredLimits(source: try Repository.text(path)).values {
        all["\(type).\(name)"] = .some(value)
      }
    }
    return all
  }

  @Test("limits.md has one row for each limit of the model and of the gateway")
  func complete() throws {
    let names = try rows().compactMap(\.name)
    #expect(Set(names).count == names.count && names.count > 40)
    // What is only another limit's name has that one's row.
    let expected = try declared().filter { name, value in
      value != nil && (name.hasPrefix("Limits.") || name.hasPrefix("GatewayOptions."))
    }
    for name in expected.keys where !names.contains(name) {
      Issue.record("schemas/limits.md has no row for \(name)")
    }
  }

  @Test("the values are the code's")
  func values() throws {
    let declared = try declared()
    for row in try rows() {
      guard let name = row.name else { continue }
      let value = try #require(declared[name].flatMap { $0 }, "\(name) is declared nowhere")
      // A number of seconds or of milliseconds may be declared as a plain one.
      #expect(row.value == value || row.value.hasPrefix("\(value) "), "\(name): \(value)")
    }
  }

  @Test("the errors are those of errors.yaml, and the fields those of the connect reply")
  func names() throws {
    let errors = Set(ErrorCode.all.map(\.name))
    let proto = try Repository.text("schemas/daybook/v1/frame.proto")
    let limits = try #require(proto.firstRange(of: "message SessionLimits {"))
    let fields = Set(
      proto[limits.upperBound...].prefix { $0 != "}" }.split(separator: "\n")
        .filter { !$0.hasPrefix("  //") }.map { String($0.split(separator: " ")[1]) })
    let stated = try rows().flatMap(\.stated)
    for row in try rows() {
      // How it is said is named there too.
      for name in row.errors where name != "closing" && name != "…" {
        #expect(errors.contains(name), "\(name)")
      }
    }
    #expect(Set(stated) == fields.union(["heartbeat_interval_ms"]))
  }

  @Test("rows and declarations are read for what they say")
  func parsing() {
    let page = """
      | what | name | value | reaching it | stated |
      |---|---|---|---|---|
      | an id | `Limits.idBytesMax` | 64 bytes | `invalid_id` | – |
      | an option | – | 5 s | dropped | `x_max` |
      """
    #expect(
      LimitTable(markdown: page).rows == [
        .init(name: "Limits.idBytesMax", value: "64 bytes", errors: ["invalid_id"], stated: []),
        .init(name: nil, value: "5 s", errors: [], stated: ["x_max"]),
      ])
    let source = """
        package static let a = 1_234_567
        package var b: TimeAmount = .seconds(5)
        package var c = Limits.a
        package static let d: Int64 = 100 * 2
        private static let e = 1
        /// not let f = 3
      """
    let values = DeclaredLimits(source: source).values
    #expect(values["a"] == "1,234,567" && values["b"] == "5 s" && values["d"] == "200")
    #expect(values["c"] == .some(nil) && values["e"] == nil)
    #expect(DeclaredLimits.value("16 << 20") == "16,777,216")
  }
}
