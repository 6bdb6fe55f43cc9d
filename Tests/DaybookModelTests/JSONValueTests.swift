import DaybookModel
import Testing

@Suite("A JSON document")
struct JSONValueTests {
  private func read(_ text: String) throws(JSONFault) -> JSONValue {
    try JSONReader.read(Array(text.utf8))
  }

  @Test(
    "is read as what it says",
    arguments: [
      ("null", JSONValue.null), (" true\n", .bool(true)), ("false", .bool(false)),
      ("0", .number("0")), ("-12.50e+3", .number("-12.50e+3")), ("\"\"", .string("")),
      ("[]", .array([])), ("{}", .object([])),
      ("[1, [2]]", .array([.number("1"), .array([.number("2")])])),
      ("{\"a\": 1}", .object([.init("a", .number("1"))])), ("\u{feff}[ ]", .array([])),
      (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{c}\n\r\tz")),
      (#""\u00e9\ud83d\ude00""#, .string("é😀")),
      (#""\ud83d!\ude00\ud83dA""#, .string("\u{fffd}!\u{fffd}\u{fffd}A")),
    ])
  func value(text: String, expected: JSONValue) throws {
    #expect(try read(text) == expected)
  }

  @Test("a member that is there twice counts as it is last written")
  func twice() throws {
    let value = try read("{\"a\": 1, \"a\": 2}")
    #expect(value["a"] == .number("2"))
    #expect(value["b"] == nil && JSONValue.null["a"] == nil)
  }

  @Test(
    "that is malformed is refused with the place",
    arguments: [
      ("", 1, 1), ("[", 1, 2), ("[1,]", 1, 4), ("[1 2]", 1, 4), ("{\"a\" 1}", 1, 6),
      ("{a: 1}", 1, 2), ("[\n  {\n    \"a\": tru\n", 3, 10), ("[1]\n]", 2, 1), ("\"a", 1, 3),
      ("\"a\nb\"", 1, 3), ("01", 1, 2), ("-", 1, 2), ("1.", 1, 3), ("\"\\x\"", 1, 3),
      ("\"\\u12g4\"", 1, 6), ("[}", 1, 2),
    ])
  func malformed(text: String, line: Int, column: Int) {
    let fault = #expect(throws: JSONFault.self) { try read(text) }
    #expect(fault?.line == line && fault?.column == column, "\(String(describing: fault))")
  }

  @Test("a string that is no UTF-8, and a nesting without end, are refused")
  func hostile() {
    #expect(throws: JSONFault.self) { try JSONReader.read([0x22, 0xff, 0x22]) }
    #expect(throws: JSONFault.self) { try read(String(repeating: "[", count: 100_000)) }
  }
}
