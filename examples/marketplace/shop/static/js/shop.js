// The shop works without this file: changing a quantity in the cart just needs no click on "Update".
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
